SELECT json_object('thing', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (hedgerow_json_contains(t0."a_json", ?1)) AND (hedgerow_json_has_keys(t0."a_json", ?2, 1)) AND (hedgerow_json_has_keys(t0."a_json", ?3, 0)) AND (hedgerow_json_contains(?4, t0."a_json"))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
