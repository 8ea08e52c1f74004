SELECT json_object('notesAggregate', json_object('groups', 
(SELECT json_group_array(json_object('__typename', 'NoteGroup', 'key', json_object('__typename', 'NoteKey', 'authorId', t1.g0, 'public', json(CASE t1.g1 WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)), 'aggregate', json_object('count', t1.g2, 'max', json_object('score', json(hedgerow_float(t1.g3))))))
  FROM 
(SELECT t0."author_id" AS g0, t0."public" AS g1, count(*) AS g2, max(t0."score") AS g3
  FROM 
(SELECT t0."author_id", t0."public", t0."score"
  FROM "note" AS t0) AS t0 GROUP BY t0."author_id", t0."public"
  ORDER BY t0."author_id" NULLS LAST, t0."public" NULLS LAST
  LIMIT +1000) AS t1)))
