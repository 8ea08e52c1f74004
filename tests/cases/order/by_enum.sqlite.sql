SELECT json_object('things', 
(SELECT json_group_array(json_object('aMood', t0."a_mood"))
  FROM 
(SELECT t0."a_mood"
  FROM "thing" AS t0
  ORDER BY t0."a_mood" DESC NULLS LAST, t0."id"
  LIMIT +1000) AS t0))
