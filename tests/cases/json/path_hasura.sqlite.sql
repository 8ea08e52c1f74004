SELECT json_object('thing', 
(SELECT json_group_array(json_object('a_json', json(hedgerow_json_at(t0."a_json", ?1))))
  FROM 
(SELECT t0."a_json"
  FROM "thing" AS t0
  WHERE (hedgerow_json_has_key(t0."a_json", ?2))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
