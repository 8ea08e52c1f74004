SELECT json_object('notesAggregate', json_object('aggregate', 
(SELECT json_object('count', t1.g0, 'max', json_object('score', json(hedgerow_float(t1.g1))))
  FROM 
(SELECT count(*) AS g0, max(t0."score") AS g1
  FROM 
(SELECT t0."score"
  FROM "note" AS t0
  WHERE (t0."public" = ?1)
  ORDER BY t0."score" DESC NULLS FIRST, t0."id"
  LIMIT +?2) AS t0) AS t1), 'nodes', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" = ?1)
  ORDER BY t0."score" DESC NULLS FIRST, t0."id"
  LIMIT +min(?2, 1000)) AS t0)))
