// The health check of MongoDB in compose.yaml, run by mongosh: makes the replica set and its two users
// where they are missing, and fails until there is a primary.
//
// `root` is the operator's, for backups and repairs. `deskcord` is the programs', and may read and
// write the one database; where an earlier version made it root, that is taken back.
const { MONGO_ROOT_PASSWORD, MONGO_PASSWORD, DB_NAME } = process.env;
const admin = db.getSiblingDB('admin');
const roles = [{ role: 'readWrite', db: DB_NAME }];

function isLoggedIn(user, password) {
  try {
    return Boolean(admin.auth(user, password).ok);
  } catch {
    return false;
  }
}

function createRoot() {
  admin.createUser({ user: 'root', pwd: MONGO_ROOT_PASSWORD, roles: ['root'] });
}

if (!isLoggedIn('root', MONGO_ROOT_PASSWORD)) {
  if (isLoggedIn('deskcord', MONGO_PASSWORD)) createRoot();
  else {
    try {
      rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'mongo:27017' }] });
    } catch {
      // It was made before.
    }
    if (!admin.hello().isWritablePrimary) quit(1);
    createRoot();
  }
  admin.auth('root', MONGO_ROOT_PASSWORD);
}
if (!admin.hello().isWritablePrimary) quit(1);
const known = admin.getUser('deskcord');
if (!known) admin.createUser({ user: 'deskcord', pwd: MONGO_PASSWORD, roles });
else if (
  known.roles.length !== 1 ||
  known.roles[0].role !== 'readWrite' ||
  known.roles[0].db !== DB_NAME
) {
  admin.updateUser('deskcord', { roles });
}
