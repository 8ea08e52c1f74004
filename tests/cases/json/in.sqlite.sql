SELECT json_object('a', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (hedgerow_json(t0."a_json") IN 
(SELECT value
  FROM json_each(?1)))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'b', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (hedgerow_json(t1."a_json") IN 
(SELECT value
  FROM json_each(?2)))
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'c', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (NOT (hedgerow_json(t2."a_json") IN (hedgerow_json(?3))))
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'd', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (NOT (1 = 0))
  ORDER BY t3."id"
  LIMIT +1000) AS t3))
