SELECT json_object('message', 
(SELECT json_object('text', t0."text", 'sender', 
(SELECT json_object('name', t1."name")
  FROM "person" AS t1
  WHERE t1."id" = t0."sender_id"
  LIMIT 1))
  FROM "message" AS t0
  WHERE ((t0."sender_id" = ?1) OR (t0."recipient_id" = ?1)) AND (t0."id" = ?2)
  LIMIT 1))
