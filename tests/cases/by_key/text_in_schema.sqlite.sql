SELECT json_object('invoice', 
(SELECT json_object('amount', printf('%.2f', t0."amount"))
  FROM "bills" AS t0
  WHERE (t0."customer_id" = ?1) AND (t0."number" = ?2)
  LIMIT 1))
