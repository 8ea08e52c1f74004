SELECT json_object('notesAggregate', json_object('__typename', 'NoteAggregate', 'aggregate', 
(SELECT json_object('__typename', 'NoteAggregateFields', 'count', t1.g0, 'sum', json_object('id', CASE WHEN t1.g1 BETWEEN -9007199254740991 AND 9007199254740991 THEN t1.g1 ELSE CAST(t1.g1 AS TEXT) END, '__typename', 'NoteSum'), 'avg', json_object('id', json(hedgerow_float(t1.g2))), 'variance', json_object('score', json(hedgerow_float(t1.g3))), 'min', json_object('id', t1.g4))
  FROM 
(SELECT count(*) AS g0, sum(t0."id") AS g1, avg(t0."id") AS g2, hedgerow_variance(t0."score", 1) AS g3, min(t0."id") AS g4
  FROM 
(SELECT t0."id", t0."score"
  FROM "note" AS t0
  WHERE (t0."id" < ?1)) AS t0) AS t1), 'nodes', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."id" < ?1)
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'groups', 
(SELECT json_group_array(json_object('key', json_object('id', t2.g0)))
  FROM 
(SELECT t0."id" AS g0
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."id" < ?1)) AS t0 GROUP BY t0."id"
  ORDER BY t0."id" NULLS LAST
  LIMIT +1000) AS t2)))
