SELECT json_object('invoices', 
(SELECT json_group_array(json_object('number', t0."number", 'amount', printf('%.2f', t0."amount"), 'customer', 
(SELECT json_object('name', t1."name")
  FROM "person" AS t1
  WHERE t1."id" = t0."customer_id"
  LIMIT 1)))
  FROM 
(SELECT t0."number", t0."amount", t0."customer_id"
  FROM "bills" AS t0
  WHERE (t0."customer_id" = ?1)
  ORDER BY t0."number"
  LIMIT +1000) AS t0))
