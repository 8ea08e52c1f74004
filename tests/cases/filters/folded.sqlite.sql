SELECT json_object('like', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (hedgerow_folded(t0."a_text") LIKE hedgerow_folded(?1) ESCAPE '\')
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'regex', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (hedgerow_regex(?2, t1."a_text", 1))
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'not', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (NOT (hedgerow_regex(?3, t2."a_text", 1)))
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'variable', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (hedgerow_regex(?4, t3."a_text", 1))
  ORDER BY t3."id"
  LIMIT +1000) AS t3))
