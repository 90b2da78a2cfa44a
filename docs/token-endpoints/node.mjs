import jwt from 'jsonwebtoken';

// In your application: whoever is signed in.
const [, , id, name, email] = process.argv;

function supportToken(user) {
  const claims = { id: user.id, username: user.name, email: user.email, role: 'CUSTOMER' };
  return jwt.sign(claims, process.env.JWT_SECRET_KEY, { expiresIn: '15m' });
}

console.log(JSON.stringify({ token: supportToken({ id, name, email }) }));
