SELECT json_object('asc', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY t0."score" NULLS LAST, t0."id"
  LIMIT +1000) AS t0), 'desc', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "note" AS t1
  ORDER BY t1."score" DESC NULLS FIRST, t1."id"
  LIMIT +1000) AS t1), 'first', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2."id"
  FROM "note" AS t2
  ORDER BY t2."score" NULLS FIRST, t2."id"
  LIMIT +1000) AS t2), 'last', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "note" AS t3
  ORDER BY t3."score" DESC NULLS LAST, t3."id"
  LIMIT +1000) AS t3))
