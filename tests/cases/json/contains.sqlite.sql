SELECT json_object('key', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (hedgerow_json_contains(t0."a_json", ?1))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'element', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (hedgerow_json_contains(t1."a_json", ?2))
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'any', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (hedgerow_json_contains(t2."a_json", ?3))
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'none', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (hedgerow_json_contains(t3."a_json", ?4))
  ORDER BY t3."id"
  LIMIT +1000) AS t3), 'not', 
(SELECT json_group_array(json_object('id', t4."id"))
  FROM 
(SELECT t4."id"
  FROM "thing" AS t4
  WHERE (NOT (hedgerow_json_contains(t4."a_json", ?1)))
  ORDER BY t4."id"
  LIMIT +1000) AS t4))
