SELECT json_object('people', 
(SELECT json_group_array(json_object('name', t0."name"))
  FROM 
(SELECT t0."name"
  FROM "person" AS t0
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
