SELECT json_object('people', 
(SELECT json_group_array(json_object('name', t0."name", 'sent', 
(SELECT json_group_array(json_object('text', t1."text", 'recipient', 
(SELECT json_object('name', t2."name")
  FROM "person" AS t2
  WHERE t2."id" = t1."recipient_id"
  LIMIT 1)))
  FROM 
(SELECT t1."text", t1."recipient_id"
  FROM "message" AS t1
  WHERE t1."sender_id" = t0."id" AND ((t1."sender_id" = ?1) OR (t1."recipient_id" = ?1))
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'received', 
(SELECT json_group_array(json_object('text', t3."text"))
  FROM 
(SELECT t3."text"
  FROM "message" AS t3
  WHERE t3."recipient_id" = t0."id" AND ((t3."sender_id" = ?1) OR (t3."recipient_id" = ?1))
  ORDER BY t3."id"
  LIMIT +1000) AS t3)))
  FROM 
(SELECT t0."name", t0."id"
  FROM "person" AS t0
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
