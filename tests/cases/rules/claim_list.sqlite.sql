SELECT json_object('teams', 
(SELECT json_group_array(json_object('name', t0."name"))
  FROM 
(SELECT t0."name"
  FROM "team" AS t0
  WHERE (t0."id" IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
