"""PostgreSQL: tables, migrations, one file of queries per desk."""
