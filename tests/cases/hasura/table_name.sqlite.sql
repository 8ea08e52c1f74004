SELECT json_object('sales_bills', 
(SELECT json_group_array(json_object('number', t0."number"))
  FROM 
(SELECT t0."number"
  FROM "bills" AS t0
  WHERE (t0."customer_id" = ?1)
  ORDER BY t0."number"
  LIMIT +1000) AS t0), 'sales_bills_by_pk', 
(SELECT json_object('amount', printf('%.2f', t1."amount"))
  FROM "bills" AS t1
  WHERE (t1."customer_id" = ?1) AND (t1."number" = ?2)
  LIMIT 1))
