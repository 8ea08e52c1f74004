SELECT json_object('notesAggregate', json_object('a', 
(SELECT json_group_array(json_object('key', json_object('id', t1.g0)))
  FROM 
(SELECT t0."id" AS g0
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY t0."id" DESC
  LIMIT +?1) AS t0 GROUP BY t0."id"
  ORDER BY +t0."id" NULLS FIRST
  LIMIT +1000) AS t1), 'b', 
(SELECT json_group_array(json_object('key', json_object('id', t2.g0, 'score', json(hedgerow_float(t2.g1)))))
  FROM 
(SELECT t0."id" AS g0, t0."score" AS g1
  FROM 
(SELECT t0."id", t0."score"
  FROM "note" AS t0
  ORDER BY t0."id" DESC
  LIMIT +?1) AS t0 GROUP BY t0."id", t0."score"
  ORDER BY +t0."id" NULLS FIRST, +t0."score" DESC NULLS FIRST
  LIMIT +1000) AS t2)))
