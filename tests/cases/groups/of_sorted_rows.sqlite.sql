SELECT json_object('notesAggregate', json_object('groups', 
(SELECT json_group_array(json_object('key', json_object('id', t1.g0)))
  FROM 
(SELECT t0."id" AS g0
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY t0."id"
  LIMIT +?1) AS t0 GROUP BY t0."id"
  ORDER BY +t0."id" DESC NULLS FIRST
  LIMIT +1000) AS t1)), 'two', json_object('groups', 
(SELECT json_group_array(json_object('key', json_object('id', t3.g0)))
  FROM 
(SELECT t2."id" AS g0, t2."public" AS g1
  FROM 
(SELECT t2."id", t2."public"
  FROM "note" AS t2
  ORDER BY t2."id"
  LIMIT -1 OFFSET ?2) AS t2 GROUP BY t2."id", t2."public"
  ORDER BY +t2."id" DESC NULLS LAST, +t2."public" NULLS LAST
  LIMIT +1000) AS t3)))
