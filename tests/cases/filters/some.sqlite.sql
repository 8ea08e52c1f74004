SELECT json_object('teams', 
(SELECT json_group_array(json_object('name', t0."name"))
  FROM 
(SELECT t0."name"
  FROM "team" AS t0
  WHERE EXISTS 
(SELECT 1
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (t1."public" = ?1))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'any', 
(SELECT json_group_array(json_object('name', t2."name"))
  FROM 
(SELECT t2."name"
  FROM "team" AS t2
  WHERE EXISTS 
(SELECT 1
  FROM "note" AS t3
  WHERE t3."team_id" = t2."id")
  ORDER BY t2."id"
  LIMIT +1000) AS t2))
