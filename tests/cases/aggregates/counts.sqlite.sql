SELECT json_object('notesAggregate', json_object('aggregate', 
(SELECT json_object('count', t1.g0, 'scored', t1.g1, 'authors', t1.g2, 'pairs', t1.g3, 'both', t1.g4, 'twice', t1.g1)
  FROM 
(SELECT count(*) AS g0, count(t0."score") AS g1, count(DISTINCT t0."author_id") AS g2, count(DISTINCT CASE WHEN t0."author_id" IS NOT NULL AND t0."public" IS NOT NULL THEN quote(t0."author_id") || char(0) || quote(t0."public") END) AS g3, count(CASE WHEN t0."author_id" IS NOT NULL AND t0."score" IS NOT NULL THEN quote(t0."author_id") || char(0) || quote(t0."score") END) AS g4
  FROM 
(SELECT t0."score", t0."author_id", t0."public"
  FROM "note" AS t0) AS t0) AS t1)), 'thingsAggregate', json_object('aggregate', 
(SELECT json_object('json', t3.g0)
  FROM 
(SELECT count(DISTINCT hedgerow_json(t2."a_json")) AS g0
  FROM 
(SELECT t2."a_json"
  FROM "thing" AS t2) AS t2) AS t3)))
