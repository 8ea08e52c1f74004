SELECT json_object('things', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  ORDER BY t0."id"
  LIMIT +?1) AS t0))
