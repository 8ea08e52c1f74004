SELECT json_object('a', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."title" LIKE ?1 ESCAPE '\')
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'b', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  WHERE (t1."title" LIKE ?2 ESCAPE '\')
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'c', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2."id"
  FROM "note" AS t2
  WHERE (hedgerow_folded(t2."title") LIKE hedgerow_folded(?2) ESCAPE '\')
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'd', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "note" AS t3
  WHERE (hedgerow_folded(t3."title") LIKE hedgerow_folded(?3) ESCAPE '\')
  ORDER BY t3."id"
  LIMIT +1000) AS t3), 'e', 
(SELECT json_group_array(json_object('id', t4."id"))
  FROM 
(SELECT t4."id"
  FROM "note" AS t4
  WHERE (NOT (t4."title" LIKE ?4 ESCAPE '\'))
  ORDER BY t4."id"
  LIMIT +1000) AS t4), 'f', 
(SELECT json_group_array(json_object('id', t5."id"))
  FROM 
(SELECT t5."id"
  FROM "note" AS t5
  WHERE (NOT (hedgerow_folded(t5."title") LIKE hedgerow_folded(?5) ESCAPE '\'))
  ORDER BY t5."id"
  LIMIT +1000) AS t5))
