SELECT json_object('things', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (hedgerow_json_contains(?1, t0."a_json"))
  ORDER BY t0."id"
  LIMIT +1000) AS t0), 'few', 
(SELECT json_group_array(json_object('id', t1."id"))
  FROM 
(SELECT t1."id"
  FROM "thing" AS t1
  WHERE (hedgerow_json_contains(?2, t1."a_json"))
  ORDER BY t1."id"
  LIMIT +1000) AS t1))
