SELECT ('{"notesAggregate":' || '{"aggregate":' || 
(SELECT '{"count":' || t1.g0::text || ',"scored":' || t1.g1::text || ',"authors":' || t1.g2::text || ',"pairs":' || t1.g3::text || ',"both":' || t1.g4::text || ',"twice":' || t1.g1::text || '}'
  FROM 
(SELECT count(*) AS g0, count(t0."score") AS g1, count(DISTINCT t0."author_id") AS g2, count(DISTINCT CASE WHEN t0."author_id" IS NOT NULL AND t0."public" IS NOT NULL THEN (t0."author_id", t0."public") END) AS g3, count(CASE WHEN t0."author_id" IS NOT NULL AND t0."score" IS NOT NULL THEN (t0."author_id", t0."score") END) AS g4
  FROM 
(SELECT t0."score", t0."author_id", t0."public"
  FROM "note" AS t0) AS t0) AS t1) || '}' || ',"thingsAggregate":' || '{"aggregate":' || 
(SELECT '{"json":' || t3.g0::text || '}'
  FROM 
(SELECT count(DISTINCT nullif(substring(t2."a_json"::text, $1::text)::jsonb, 'null'::jsonb)) AS g0
  FROM 
(SELECT t2."a_json"
  FROM "thing" AS t2) AS t2) AS t3) || '}' || '}')::varchar
