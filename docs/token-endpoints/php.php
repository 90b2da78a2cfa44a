<?php
// In your application: whoever is signed in.
[, $id, $name, $email] = $argv;

function support_token($id, $name, $email) {
    $encode = fn($bytes) => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $claims = ['id' => $id, 'username' => $name, 'email' => $email,
               'role' => 'CUSTOMER', 'iat' => time(), 'exp' => time() + 900];
    $signed = $encode('{"alg":"HS256","typ":"JWT"}') . '.' . $encode(json_encode($claims));
    return $signed . '.' . $encode(hash_hmac('sha256', $signed, getenv('JWT_SECRET_KEY'), true));
}

echo json_encode(['token' => support_token($id, $name, $email)]), "\n";
