"""The main job, played over real HTTP and websockets by clients that know nothing but the API."""
