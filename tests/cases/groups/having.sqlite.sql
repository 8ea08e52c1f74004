SELECT json_object('notesAggregate', json_object('groups', 
(SELECT json_group_array(json_object('key', json_object('authorId', t1.g0), 'aggregate', json_object('count', t1.g1, 'sum', json_object('score', json(hedgerow_float(t1.g2))))))
  FROM 
(SELECT t0."author_id" AS g0, count(*) AS g1, hedgerow_sum(t0."score") AS g2
  FROM 
(SELECT t0."author_id", t0."score", t0."public", t0."title"
  FROM "note" AS t0
  WHERE (t0."id" < ?5)) AS t0 GROUP BY t0."author_id" HAVING (((count(*) FILTER (WHERE (t0."public" = ?1)) > ?2) OR (hedgerow_sum(t0."score") > ?3)) AND (min(t0."title") LIKE ?4 ESCAPE '\'))
  ORDER BY t0."author_id" NULLS LAST
  LIMIT +1000) AS t1)))
