SELECT json_object('a', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (hedgerow_json_has_key(t0."a_json", ?1))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'b', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (hedgerow_json_has_keys(t1."a_json", ?2, 0))
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'c', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (hedgerow_json_has_keys(t2."a_json", ?2, 1))
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'd', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (hedgerow_json_has_keys(t3."a_json", ?3, 1))
  ORDER BY t3."id"
  LIMIT +1000) AS t3), 'e', 
(SELECT json_group_array(json_object('id', t4."id"))
  FROM 
(SELECT t4."id"
  FROM "thing" AS t4
  WHERE ((hedgerow_json_has_key(t4."a_json", ?4)) OR (hedgerow_json_has_key(t4."a_json", ?5)))
  ORDER BY t4."id"
  LIMIT +1000) AS t4), 'f', 
(SELECT json_group_array(json_object('id', t5."id"))
  FROM 
(SELECT t5."id"
  FROM "thing" AS t5
  WHERE (hedgerow_json_has_key(t5."a_json", ?4)) AND (hedgerow_json_has_key(t5."a_json", ?5))
  ORDER BY t5."id"
  LIMIT +1000) AS t5), 'none', 
(SELECT json_group_array(json_object('id', t6."id"))
  FROM 
(SELECT t6."id"
  FROM "thing" AS t6
  WHERE (hedgerow_json_has_keys(t6."a_json", ?6, 0))
  ORDER BY t6."id"
  LIMIT +1000) AS t6), 'all', 
(SELECT json_group_array(json_object('id', t7."id"))
  FROM 
(SELECT t7."id"
  FROM "thing" AS t7
  WHERE (hedgerow_json_has_keys(t7."a_json", ?6, 1))
  ORDER BY t7."id"
  LIMIT +1000) AS t7), 'one', 
(SELECT json_group_array(json_object('id', t8."id"))
  FROM 
(SELECT t8."id"
  FROM "thing" AS t8
  WHERE (hedgerow_json_has_keys(t8."a_json", ?7, 1))
  ORDER BY t8."id"
  LIMIT +1000) AS t8), 'not', 
(SELECT json_group_array(json_object('id', t9."id"))
  FROM 
(SELECT t9."id"
  FROM "thing" AS t9
  WHERE (NOT (hedgerow_json_has_key(t9."a_json", ?4)))
  ORDER BY t9."id"
  LIMIT +1000) AS t9))
