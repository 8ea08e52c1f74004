SELECT json_object('notesAggregate', json_object('groups', 
(SELECT json_group_array(json_object('key', json_object('authorId', t1.g0), 'aggregate', json_object('count', t1.g1)))
  FROM 
(SELECT t0."author_id" AS g0, count(*) AS g1
  FROM 
(SELECT t0."author_id"
  FROM "note" AS t0) AS t0 GROUP BY t0."author_id"
  ORDER BY count(*) DESC NULLS FIRST, t0."author_id" DESC NULLS FIRST
  LIMIT +?1 OFFSET ?2) AS t1)))
