SELECT ('{"__typename":"Query"}')::varchar
