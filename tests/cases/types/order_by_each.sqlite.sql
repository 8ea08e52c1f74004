SELECT json_object('anInt', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  ORDER BY t0."an_int" NULLS LAST, t0."id"
  LIMIT +1000) AS t0), 'aBigint', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  ORDER BY t1."a_bigint" NULLS LAST, t1."id"
  LIMIT +1000) AS t1), 'aFloat', 
(SELECT json_group_array(json_object('id', t2."id"))
  FROM 
(SELECT t2."id"
  FROM "thing" AS t2
  ORDER BY t2."a_float" NULLS LAST, t2."id"
  LIMIT +1000) AS t2), 'aPrice', 
(SELECT json_group_array(json_object('id', t3."id"))
  FROM 
(SELECT t3."id"
  FROM "thing" AS t3
  ORDER BY t3."a_price" NULLS LAST, t3."id"
  LIMIT +1000) AS t3), 'aDecimal', 
(SELECT json_group_array(json_object('id', t4."id"))
  FROM 
(SELECT t4."id"
  FROM "thing" AS t4
  ORDER BY t4."a_decimal" NULLS LAST, t4."id"
  LIMIT +1000) AS t4), 'aBool', 
(SELECT json_group_array(json_object('id', t5."id"))
  FROM 
(SELECT t5."id"
  FROM "thing" AS t5
  ORDER BY t5."a_bool" NULLS LAST, t5."id"
  LIMIT +1000) AS t5), 'aDatetime', 
(SELECT json_group_array(json_object('id', t6."id"))
  FROM 
(SELECT t6."id"
  FROM "thing" AS t6
  ORDER BY t6."a_datetime" NULLS LAST, t6."id"
  LIMIT +1000) AS t6), 'aNaive', 
(SELECT json_group_array(json_object('id', t7."id"))
  FROM 
(SELECT t7."id"
  FROM "thing" AS t7
  ORDER BY t7."a_naive" NULLS LAST, t7."id"
  LIMIT +1000) AS t7), 'aDate', 
(SELECT json_group_array(json_object('id', t8."id"))
  FROM 
(SELECT t8."id"
  FROM "thing" AS t8
  ORDER BY t8."a_date" NULLS LAST, t8."id"
  LIMIT +1000) AS t8), 'aTime', 
(SELECT json_group_array(json_object('id', t9."id"))
  FROM 
(SELECT t9."id"
  FROM "thing" AS t9
  ORDER BY t9."a_time" NULLS LAST, t9."id"
  LIMIT +1000) AS t9), 'aDuration', 
(SELECT json_group_array(json_object('id', t10."id"))
  FROM 
(SELECT t10."id"
  FROM "thing" AS t10
  ORDER BY t10."a_duration" NULLS LAST, t10."id"
  LIMIT +1000) AS t10), 'aUuid', 
(SELECT json_group_array(json_object('id', t11."id"))
  FROM 
(SELECT t11."id"
  FROM "thing" AS t11
  ORDER BY t11."a_uuid" NULLS LAST, t11."id"
  LIMIT +1000) AS t11), 'aMood', 
(SELECT json_group_array(json_object('id', t12."id"))
  FROM 
(SELECT t12."id"
  FROM "thing" AS t12
  ORDER BY t12."a_mood" NULLS LAST, t12."id"
  LIMIT +1000) AS t12))
