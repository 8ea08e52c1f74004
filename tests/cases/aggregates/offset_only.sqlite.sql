SELECT json_object('notesAggregate', json_object('aggregate', 
(SELECT json_object('count', t1.g0)
  FROM 
(SELECT count(*) AS g0
  FROM 
(SELECT 1
  FROM "note" AS t0
  ORDER BY t0."id"
  LIMIT -1 OFFSET ?1) AS t0) AS t1), 'nodes', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY t0."id"
  LIMIT +1000 OFFSET ?1) AS t0)))
