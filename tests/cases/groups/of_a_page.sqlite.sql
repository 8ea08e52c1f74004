SELECT json_object('notesAggregate', json_object('groups', 
(SELECT json_group_array(json_object('key', json_object('public', json(CASE t1.g0 WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)), 'aggregate', json_object('count', t1.g1)))
  FROM 
(SELECT t0."public" AS g0, count(*) AS g1
  FROM 
(SELECT t0."public"
  FROM "note" AS t0
  ORDER BY t0."score" DESC NULLS LAST, t0."id"
  LIMIT +?1) AS t0 GROUP BY t0."public"
  ORDER BY +t0."public" NULLS LAST
  LIMIT +1000) AS t1)))
