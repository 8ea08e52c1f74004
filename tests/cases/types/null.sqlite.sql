SELECT json_object('anInt', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (t0."an_int" IS NULL)
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'aBigint', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (t1."a_bigint" IS NULL)
  ORDER BY t1."id"
  LIMIT +1000) AS t1), 'aFloat', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  WHERE (t2."a_float" IS NULL)
  ORDER BY t2."id"
  LIMIT +1000) AS t2), 'aPrice', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  WHERE (t3."a_price" IS NULL)
  ORDER BY t3."id"
  LIMIT +1000) AS t3), 'aDecimal', 
(SELECT json_group_array(json_object('id', t4."id"))
  FROM 
(SELECT t4."id"
  FROM "thing" AS t4
  WHERE (t4."a_decimal" IS NULL)
  ORDER BY t4."id"
  LIMIT +1000) AS t4), 'aBool', 
(SELECT json_group_array(json_object('id', t5."id"))
  FROM 
(SELECT t5."id"
  FROM "thing" AS t5
  WHERE (t5."a_bool" IS NULL)
  ORDER BY t5."id"
  LIMIT +1000) AS t5), 'aDatetime', 
(SELECT json_group_array(json_object('id', t6."id"))
  FROM 
(SELECT t6."id"
  FROM "thing" AS t6
  WHERE (t6."a_datetime" IS NULL)
  ORDER BY t6."id"
  LIMIT +1000) AS t6), 'aNaive', 
(SELECT json_group_array(json_object('id', t7."id"))
  FROM 
(SELECT t7."id"
  FROM "thing" AS t7
  WHERE (t7."a_naive" IS NULL)
  ORDER BY t7."id"
  LIMIT +1000) AS t7), 'aDate', 
(SELECT json_group_array(json_object('id', t8."id"))
  FROM 
(SELECT t8."id"
  FROM "thing" AS t8
  WHERE (t8."a_date" IS NULL)
  ORDER BY t8."id"
  LIMIT +1000) AS t8), 'aTime', 
(SELECT json_group_array(json_object('id', t9."id"))
  FROM 
(SELECT t9."id"
  FROM "thing" AS t9
  WHERE (t9."a_time" IS NULL)
  ORDER BY t9."id"
  LIMIT +1000) AS t9), 'aDuration', 
(SELECT json_group_array(json_object('id', t10."id"))
  FROM 
(SELECT t10."id"
  FROM "thing" AS t10
  WHERE (t10."a_duration" IS NULL)
  ORDER BY t10."id"
  LIMIT +1000) AS t10), 'aUuid', 
(SELECT json_group_array(json_object('id', t11."id"))
  FROM 
(SELECT t11."id"
  FROM "thing" AS t11
  WHERE (t11."a_uuid" IS NULL)
  ORDER BY t11."id"
  LIMIT +1000) AS t11), 'aMood', 
(SELECT json_group_array(json_object('id', t12."id"))
  FROM 
(SELECT t12."id"
  FROM "thing" AS t12
  WHERE (t12."a_mood" IS NULL)
  ORDER BY t12."id"
  LIMIT +1000) AS t12), 'aJson', 
(SELECT json_group_array(json_object('id', t13."id"))
  FROM 
(SELECT t13."id"
  FROM "thing" AS t13
  WHERE (hedgerow_json(t13."a_json") IS NULL)
  ORDER BY t13."id"
  LIMIT +1000) AS t13), 'someBytes', 
(SELECT json_group_array(json_object('id', t14."id"))
  FROM 
(SELECT t14."id"
  FROM "thing" AS t14
  WHERE (t14."some_bytes" IS NULL)
  ORDER BY t14."id"
  LIMIT +1000) AS t14))
