SELECT json_object('teams', 
(SELECT json_group_array(json_object('name', t0."name", 'parent', 
(SELECT json_object('name', t1."name")
  FROM "team" AS t1
  WHERE t1."id" = t0."parent_id"
  LIMIT 1), 'children', 
(SELECT json_group_array(json_object('name', t2."name", 'children', 
(SELECT json_group_array(json_object('name', t3."name"))
  FROM 
(SELECT t3."name"
  FROM "team" AS t3
  WHERE t3."parent_id" = t2."id"
  ORDER BY t3."id"
  LIMIT +1000) AS t3)))
  FROM 
(SELECT t2."name", t2."id"
  FROM "team" AS t2
  WHERE t2."parent_id" = t0."id"
  ORDER BY t2."id"
  LIMIT +1000) AS t2)))
  FROM 
(SELECT t0."name", t0."parent_id", t0."id"
  FROM "team" AS t0
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
