SELECT json_object('notesAggregate', json_object('aggregate', 
(SELECT json_object('count', t1.g0, 'sum', json_object('id', CASE WHEN t1.g1 BETWEEN -9007199254740991 AND 9007199254740991 THEN t1.g1 ELSE CAST(t1.g1 AS TEXT) END, 'score', json(hedgerow_float(t1.g2))), 'avg', json_object('id', json(hedgerow_float(t1.g3)), 'score', json(hedgerow_float(t1.g4))), 'min', json_object('title', t1.g5, 'score', json(hedgerow_float(t1.g6)), 'createdAt', replace(CASE WHEN length(t1.g7) > 19 THEN rtrim(rtrim(t1.g7, '0'), '.') ELSE t1.g7 END, ' ', 'T') || '+00:00'), 'max', json_object('title', t1.g8, 'score', json(hedgerow_float(t1.g9)), 'createdAt', replace(CASE WHEN length(t1.g10) > 19 THEN rtrim(rtrim(t1.g10, '0'), '.') ELSE t1.g10 END, ' ', 'T') || '+00:00'))
  FROM 
(SELECT count(*) AS g0, sum(t0."id") AS g1, hedgerow_sum((CASE WHEN t0."hedgerow_0" THEN t0."score" END)) AS g2, avg(t0."id") AS g3, (hedgerow_sum((CASE WHEN t0."hedgerow_0" THEN t0."score" END)) / nullif(count((CASE WHEN t0."hedgerow_0" THEN t0."score" END)), 0)) AS g4, min(t0."title") AS g5, min((CASE WHEN t0."hedgerow_0" THEN t0."score" END)) AS g6, min((CASE WHEN t0."hedgerow_0" THEN t0."created_at" END)) AS g7, max(t0."title") AS g8, max((CASE WHEN t0."hedgerow_0" THEN t0."score" END)) AS g9, max((CASE WHEN t0."hedgerow_0" THEN t0."created_at" END)) AS g10
  FROM 
(SELECT t0."id", t0."score", t0."title", t0."created_at", EXISTS 
(SELECT 1
  FROM "team" AS t2
  WHERE t2."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t3
  WHERE t3."team_id" = t2."id" AND (t3."person_id" = ?1))) AS "hedgerow_0"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = ?1))))) AS t0) AS t1)))
