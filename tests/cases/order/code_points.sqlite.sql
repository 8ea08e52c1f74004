SELECT json_object('teams', 
(SELECT json_group_array(json_object('name', t0."name"))
  FROM 
(SELECT t0."name"
  FROM "team" AS t0
  ORDER BY t0."name", t0."id"
  LIMIT +1000) AS t0), 'people', 
(SELECT json_group_array(json_object('name', t1."name"))
  FROM 
(SELECT t1."name"
  FROM "person" AS t1
  ORDER BY t1."name" DESC, t1."id"
  LIMIT +1000) AS t1))
