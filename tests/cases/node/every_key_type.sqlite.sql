SELECT json_object('messages', 
(SELECT json_group_array(json_object('nodeId', hedgerow_base64(CAST(json_array('Message', substr(t0."id", 1, 8) || '-' || substr(t0."id", 9, 4) || '-' || substr(t0."id", 13, 4) || '-' || substr(t0."id", 17, 4) || '-' || substr(t0."id", 21, 12)) AS BLOB))))
  FROM 
(SELECT t0."id"
  FROM "message" AS t0
  WHERE ((t0."sender_id" = ?1) OR (t0."recipient_id" = ?1))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'invoices', 
(SELECT json_group_array(json_object('nodeId', hedgerow_base64(CAST(json_array('Invoice', t1."number") AS BLOB)), 'number', t1."number"))
  FROM 
(SELECT t1."number"
  FROM "bills" AS t1
  WHERE (t1."customer_id" = ?1)
  ORDER BY t1."number"
  LIMIT +1000) AS t1), 'memberships', 
(SELECT json_group_array(json_object('nodeId', hedgerow_base64(CAST(json_array('Membership', t2."team_id", t2."person_id") AS BLOB))))
  FROM 
(SELECT t2."team_id", t2."person_id"
  FROM "membership" AS t2
  WHERE EXISTS 
(SELECT 1
  FROM "team" AS t3
  WHERE t3."id" = t2."team_id" AND EXISTS 
(SELECT 1
  FROM "membership" AS t4
  WHERE t4."team_id" = t3."id" AND (t4."person_id" = ?1)))
  ORDER BY t2."team_id", t2."person_id"
  LIMIT +?2) AS t2))
