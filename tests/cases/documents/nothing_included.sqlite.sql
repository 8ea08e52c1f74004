SELECT json_object()
