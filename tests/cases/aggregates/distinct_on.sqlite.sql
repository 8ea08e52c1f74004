SELECT json_object('notes', 
(SELECT json_group_array(json_object('id', t0."id", 'authorId', t0."author_id", 'score', json(hedgerow_float(t0."score"))))
  FROM 
(SELECT t0.*
  FROM 
(SELECT t0."id", t0."author_id", t0."score", t0."author_id" AS "hedgerow_1", t0."score" AS "hedgerow_2", t0."id" AS "hedgerow_3", row_number() OVER (PARTITION BY t0."author_id"
  ORDER BY t0."score" DESC NULLS LAST, t0."id") AS "hedgerow_0"
  FROM "note" AS t0) AS t0
  WHERE t0."hedgerow_0" = 1
  ORDER BY t0."hedgerow_1" DESC, t0."hedgerow_2" DESC NULLS LAST, t0."hedgerow_3"
  LIMIT +1000) AS t0), 'two', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1.*
  FROM 
(SELECT t1."id", t1."public" AS "hedgerow_1", t1."author_id" AS "hedgerow_2", t1."id" AS "hedgerow_3", row_number() OVER (PARTITION BY t1."public", t1."author_id"
  ORDER BY t1."id") AS "hedgerow_0"
  FROM "note" AS t1) AS t1
  WHERE t1."hedgerow_0" = 1
  ORDER BY t1."hedgerow_1", t1."hedgerow_2", t1."hedgerow_3"
  LIMIT +?1 OFFSET ?2) AS t1), 'notesAggregate', json_object('aggregate', 
(SELECT json_object('count', t3.g0, 'sum', json_object('id', CASE WHEN t3.g1 BETWEEN -9007199254740991 AND 9007199254740991 THEN t3.g1 ELSE CAST(t3.g1 AS TEXT) END))
  FROM 
(SELECT count(*) AS g0, sum(t2."id") AS g1
  FROM 
(SELECT t2.*
  FROM 
(SELECT t2."id", t2."author_id" AS "hedgerow_1", t2."id" AS "hedgerow_2", row_number() OVER (PARTITION BY t2."author_id"
  ORDER BY t2."id") AS "hedgerow_0"
  FROM "note" AS t2) AS t2
  WHERE t2."hedgerow_0" = 1
  ORDER BY t2."hedgerow_1", t2."hedgerow_2") AS t2) AS t3), 'nodes', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2.*
  FROM 
(SELECT t2."id", t2."author_id" AS "hedgerow_1", t2."id" AS "hedgerow_2", row_number() OVER (PARTITION BY t2."author_id"
  ORDER BY t2."id") AS "hedgerow_0"
  FROM "note" AS t2) AS t2
  WHERE t2."hedgerow_0" = 1
  ORDER BY t2."hedgerow_1", t2."hedgerow_2"
  LIMIT +1000) AS t2)))
