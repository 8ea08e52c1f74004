SELECT json_object('hidden', 
(SELECT json_object('nodeId', hedgerow_base64(CAST(json_array('Note', t0."id") AS BLOB)))
  FROM "note" AS t0
  WHERE (t0."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t2
  WHERE t2."team_id" = t1."id" AND (t2."person_id" = ?1)))) AND (t0."id" = ?2)
  LIMIT 1), 'table', NULL, 'type', 
(SELECT json_object('nodeId', hedgerow_base64(CAST(json_array('Note', t3."id") AS BLOB)))
  FROM "note" AS t3
  WHERE (t3."public" OR EXISTS 
(SELECT 1
  FROM "team" AS t4
  WHERE t4."id" = t3."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t5
  WHERE t5."team_id" = t4."id" AND (t5."person_id" = ?1)))) AND (t3."id" = ?3)
  LIMIT 1), 'many', NULL)
