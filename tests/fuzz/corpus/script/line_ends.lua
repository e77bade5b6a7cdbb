function provider.check()  -- a  return http["\xff"], "{secret.ÿ}"
end