SELECT json_object('notesAggregate', json_object('aggregate', 
(SELECT json_object('stddev', json_object('id', json(hedgerow_float(t1.g0)), 'score', json(hedgerow_float(t1.g1))), 'stddevPop', json_object('id', json(hedgerow_float(t1.g2))), 'stddevSamp', json_object('id', json(hedgerow_float(t1.g3))), 'variance', json_object('id', json(hedgerow_float(t1.g4)), 'score', json(hedgerow_float(t1.g5))), 'varPop', json_object('id', json(hedgerow_float(t1.g6))), 'varSamp', json_object('id', json(hedgerow_float(t1.g7))))
  FROM 
(SELECT sqrt(hedgerow_variance(t0."id", 1)) AS g0, sqrt(hedgerow_variance(t0."score", 1)) AS g1, sqrt(hedgerow_variance(t0."id", 0)) AS g2, sqrt(hedgerow_variance(t0."id", 1)) AS g3, hedgerow_variance(t0."id", 1) AS g4, hedgerow_variance(t0."score", 1) AS g5, hedgerow_variance(t0."id", 0) AS g6, hedgerow_variance(t0."id", 1) AS g7
  FROM 
(SELECT t0."id", t0."score"
  FROM "note" AS t0) AS t0) AS t1)))
