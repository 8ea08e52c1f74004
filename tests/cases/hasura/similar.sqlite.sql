SELECT json_object('note', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = ?1)))) AND (hedgerow_regex(?2, t0."title", 0)) AND (NOT (hedgerow_regex(?3, t0."title", 0)))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'team', 
(SELECT json_group_array(json_object('name', t3."name"))
  FROM 
(SELECT t3."name"
  FROM "team" AS t3
  WHERE EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = ?1)) AND (hedgerow_regex(?4, t3."name", 0))
  ORDER BY t3."id"
  LIMIT +1000) AS t3))
