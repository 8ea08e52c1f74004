SELECT json_object('teams', 
(SELECT json_group_array(json_object('name', t0."name"))
  FROM 
(SELECT t0."name"
  FROM "team" AS t0
  WHERE (NOT EXISTS 
(SELECT 1
  FROM "note" AS t1
  WHERE t1."team_id" = t0."id" AND (NOT ((t1."score" > ?1) IS TRUE))))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
