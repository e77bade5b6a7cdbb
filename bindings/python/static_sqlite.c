/* What the wheel's statically linked SQLite need not carry: full-text search and R-trees, a third of a megabyte.
 *
 * sqlite3_open() registers each extension that SQLite was compiled with. Functions of theirs defined here, which register
 * nothing, keep the archive's members out; a statement that uses one would fail with "no such module". The store's
 * tables are plain.
 */
#include <sqlite3.h>

int sqlite3Fts3Init(sqlite3* database);
int sqlite3Fts5Init(sqlite3* database);
int sqlite3RtreeInit(sqlite3* database);

int sqlite3Fts3Init(sqlite3* database) {
  (void)database;
  return SQLITE_OK;
}

int sqlite3Fts5Init(sqlite3* database) {
  (void)database;
  return SQLITE_OK;
}

int sqlite3RtreeInit(sqlite3* database) {
  (void)database;
  return SQLITE_OK;
}
