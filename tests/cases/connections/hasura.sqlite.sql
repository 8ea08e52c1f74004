SELECT json_object('note_connection', json_object('rows', 
(SELECT json_group_array(json_object('n0', json_object('node_id', hedgerow_base64(CAST(json_array('Note', t0."id") AS BLOB)), 'id', t0."id")))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY t0."id" DESC
  LIMIT +?1 + 1) AS t0)), 'team', 
(SELECT json_group_array(json_object('notes_connection', json_object('rows', 
(SELECT json_group_array(json_object('n0', json_object('id', t2."id")))
  FROM 
(SELECT t2."id"
  FROM "note" AS t2
  WHERE t2."team_id" = t1."id"
  ORDER BY t2."id" DESC
  LIMIT +?1 + 1) AS t2))))
  FROM 
(SELECT t1."id"
  FROM "team" AS t1
  ORDER BY t1."id"
  LIMIT +1000) AS t1))
