"""Who must be called for which place: posts, people, shifts and the ways to reach them; nothing here sends or stores."""
