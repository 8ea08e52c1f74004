SELECT json_object('peopleAggregate', json_object('aggregate', 
(SELECT json_object('count', t1.g0, 'count_email', t1.g1, 'min', json_object('email', t1.g2), 'max', json_object('email', t1.g3, 'born', t1.g4))
  FROM 
(SELECT count(*) AS g0, count((CASE WHEN t0."hedgerow_0" THEN t0."email" END)) AS g1, min((CASE WHEN t0."hedgerow_0" THEN t0."email" END)) AS g2, max((CASE WHEN t0."hedgerow_0" THEN t0."email" END)) AS g3, max((CASE WHEN t0."hedgerow_0" THEN t0."born" END)) AS g4
  FROM 
(SELECT t0."email", t0."born", (t0."id" = ?1) AS "hedgerow_0"
  FROM "person" AS t0) AS t0) AS t1), 'groups', 
(SELECT json_group_array(json_object('key', json_object('email', t2.g0), 'aggregate', json_object('count', t2.g1)))
  FROM 
(SELECT t0."hedgerow_0" AS g0, count(*) AS g1
  FROM 
(SELECT (CASE WHEN (t0."id" = ?1) THEN t0."email" END) AS "hedgerow_0"
  FROM "person" AS t0) AS t0 GROUP BY t0."hedgerow_0"
  ORDER BY t0."hedgerow_0" NULLS LAST
  LIMIT +1000) AS t2)))
