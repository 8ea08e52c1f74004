SELECT json_object('people', 
(SELECT json_group_array(json_object('id', t0."id", 'notesAggregate', json_object('aggregate', 
(SELECT json_object('count', t2.g0)
  FROM 
(SELECT count(*) AS g0
  FROM 
(SELECT 1
  FROM "note" AS t1
  WHERE t1."author_id" = t0."id") AS t1) AS t2))))
  FROM 
(SELECT t0."id"
  FROM "person" AS t0
  ORDER BY 
(SELECT count(*)
  FROM "note" AS t3
  WHERE t3."author_id" = t0."id") DESC NULLS FIRST, 
(SELECT max(t4."score")
  FROM "note" AS t4
  WHERE t4."author_id" = t0."id") NULLS FIRST, t0."id" DESC
  LIMIT +1000) AS t0))
