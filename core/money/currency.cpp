// The table of currencies.
//
// Money of states: ISO 4217 list one as published on 2026-01-01 (SIX Group, maintenance agency), without the thirteen
// codes that have no minor unit (gold, XDR, the codes for testing and for "none"): nothing is paid in them. Crypto: the
// coins that the shipped providers name, with the decimals of the coin's own chain, or for tokens those of its contract
// on its first chain (USDT and USDC: 6).
#include "core/money/currency.h"

#include <algorithm>
#include <array>
#include <string>

namespace till {
namespace {

// clang-format off
constexpr Currency kIsoCurrencies[] = {
    {"AED", "UAE Dirham", 2, false},
    {"AFN", "Afghani", 2, false},
    {"ALL", "Lek", 2, false},
    {"AMD", "Armenian Dram", 2, false},
    {"AOA", "Kwanza", 2, false},
    {"ARS", "Argentine Peso", 2, false},
    {"AUD", "Australian Dollar", 2, false},
    {"AWG", "Aruban Florin", 2, false},
    {"AZN", "Azerbaijan Manat", 2, false},
    {"BAM", "Convertible Mark", 2, false},
    {"BBD", "Barbados Dollar", 2, false},
    {"BDT", "Taka", 2, false},
    {"BHD", "Bahraini Dinar", 3, false},
    {"BIF", "Burundi Franc", 0, false},
    {"BMD", "Bermudian Dollar", 2, false},
    {"BND", "Brunei Dollar", 2, false},
    {"BOB", "Boliviano", 2, false},
    {"BOV", "Mvdol", 2, false},
    {"BRL", "Brazilian Real", 2, false},
    {"BSD", "Bahamian Dollar", 2, false},
    {"BTN", "Ngultrum", 2, false},
    {"BWP", "Pula", 2, false},
    {"BYN", "Belarusian Ruble", 2, false},
    {"BZD", "Belize Dollar", 2, false},
    {"CAD", "Canadian Dollar", 2, false},
    {"CDF", "Congolese Franc", 2, false},
    {"CHE", "WIR Euro", 2, false},
    {"CHF", "Swiss Franc", 2, false},
    {"CHW", "WIR Franc", 2, false},
    {"CLF", "Unidad de Fomento", 4, false},
    {"CLP", "Chilean Peso", 0, false},
    {"CNY", "Yuan Renminbi", 2, false},
    {"COP", "Colombian Peso", 2, false},
    {"COU", "Unidad de Valor Real", 2, false},
    {"CRC", "Costa Rican Colon", 2, false},
    {"CUP", "Cuban Peso", 2, false},
    {"CVE", "Cabo Verde Escudo", 2, false},
    {"CZK", "Czech Koruna", 2, false},
    {"DJF", "Djibouti Franc", 0, false},
    {"DKK", "Danish Krone", 2, false},
    {"DOP", "Dominican Peso", 2, false},
    {"DZD", "Algerian Dinar", 2, false},
    {"EGP", "Egyptian Pound", 2, false},
    {"ERN", "Nakfa", 2, false},
    {"ETB", "Ethiopian Birr", 2, false},
    {"EUR", "Euro", 2, false},
    {"FJD", "Fiji Dollar", 2, false},
    {"FKP", "Falkland Islands Pound", 2, false},
    {"GBP", "Pound Sterling", 2, false},
    {"GEL", "Lari", 2, false},
    {"GHS", "Ghana Cedi", 2, false},
    {"GIP", "Gibraltar Pound", 2, false},
    {"GMD", "Dalasi", 2, false},
    {"GNF", "Guinean Franc", 0, false},
    {"GTQ", "Quetzal", 2, false},
    {"GYD", "Guyana Dollar", 2, false},
    {"HKD", "Hong Kong Dollar", 2, false},
    {"HNL", "Lempira", 2, false},
    {"HTG", "Gourde", 2, false},
    {"HUF", "Forint", 2, false},
    {"IDR", "Rupiah", 2, false},
    {"ILS", "New Israeli Sheqel", 2, false},
    {"INR", "Indian Rupee", 2, false},
    {"IQD", "Iraqi Dinar", 3, false},
    {"IRR", "Iranian Rial", 2, false},
    {"ISK", "Iceland Krona", 0, false},
    {"JMD", "Jamaican Dollar", 2, false},
    {"JOD", "Jordanian Dinar", 3, false},
    {"JPY", "Yen", 0, false},
    {"KES", "Kenyan Shilling", 2, false},
    {"KGS", "Som", 2, false},
    {"KHR", "Riel", 2, false},
    {"KMF", "Comorian Franc", 0, false},
    {"KPW", "North Korean Won", 2, false},
    {"KRW", "Won", 0, false},
    {"KWD", "Kuwaiti Dinar", 3, false},
    {"KYD", "Cayman Islands Dollar", 2, false},
    {"KZT", "Tenge", 2, false},
    {"LAK", "Lao Kip", 2, false},
    {"LBP", "Lebanese Pound", 2, false},
    {"LKR", "Sri Lanka Rupee", 2, false},
    {"LRD", "Liberian Dollar", 2, false},
    {"LSL", "Loti", 2, false},
    {"LYD", "Libyan Dinar", 3, false},
    {"MAD", "Moroccan Dirham", 2, false},
    {"MDL", "Moldovan Leu", 2, false},
    {"MGA", "Malagasy Ariary", 2, false},
    {"MKD", "Denar", 2, false},
    {"MMK", "Kyat", 2, false},
    {"MNT", "Tugrik", 2, false},
    {"MOP", "Pataca", 2, false},
    {"MRU", "Ouguiya", 2, false},
    {"MUR", "Mauritius Rupee", 2, false},
    {"MVR", "Rufiyaa", 2, false},
    {"MWK", "Malawi Kwacha", 2, false},
    {"MXN", "Mexican Peso", 2, false},
    {"MXV", "Mexican Unidad de Inversion (UDI)", 2, false},
    {"MYR", "Malaysian Ringgit", 2, false},
    {"MZN", "Mozambique Metical", 2, false},
    {"NAD", "Namibia Dollar", 2, false},
    {"NGN", "Naira", 2, false},
    {"NIO", "Cordoba Oro", 2, false},
    {"NOK", "Norwegian Krone", 2, false},
    {"NPR", "Nepalese Rupee", 2, false},
    {"NZD", "New Zealand Dollar", 2, false},
    {"OMR", "Rial Omani", 3, false},
    {"PAB", "Balboa", 2, false},
    {"PEN", "Sol", 2, false},
    {"PGK", "Kina", 2, false},
    {"PHP", "Philippine Peso", 2, false},
    {"PKR", "Pakistan Rupee", 2, false},
    {"PLN", "Zloty", 2, false},
    {"PYG", "Guarani", 0, false},
    {"QAR", "Qatari Rial", 2, false},
    {"RON", "Romanian Leu", 2, false},
    {"RSD", "Serbian Dinar", 2, false},
    {"RUB", "Russian Ruble", 2, false},
    {"RWF", "Rwanda Franc", 0, false},
    {"SAR", "Saudi Riyal", 2, false},
    {"SBD", "Solomon Islands Dollar", 2, false},
    {"SCR", "Seychelles Rupee", 2, false},
    {"SDG", "Sudanese Pound", 2, false},
    {"SEK", "Swedish Krona", 2, false},
    {"SGD", "Singapore Dollar", 2, false},
    {"SHP", "Saint Helena Pound", 2, false},
    {"SLE", "Leone", 2, false},
    {"SOS", "Somali Shilling", 2, false},
    {"SRD", "Surinam Dollar", 2, false},
    {"SSP", "South Sudanese Pound", 2, false},
    {"STN", "Dobra", 2, false},
    {"SVC", "El Salvador Colon", 2, false},
    {"SYP", "Syrian Pound", 2, false},
    {"SZL", "Lilangeni", 2, false},
    {"THB", "Baht", 2, false},
    {"TJS", "Somoni", 2, false},
    {"TMT", "Turkmenistan New Manat", 2, false},
    {"TND", "Tunisian Dinar", 3, false},
    {"TOP", "Pa'anga", 2, false},
    {"TRY", "Turkish Lira", 2, false},
    {"TTD", "Trinidad and Tobago Dollar", 2, false},
    {"TWD", "New Taiwan Dollar", 2, false},
    {"TZS", "Tanzanian Shilling", 2, false},
    {"UAH", "Hryvnia", 2, false},
    {"UGX", "Uganda Shilling", 0, false},
    {"USD", "US Dollar", 2, false},
    {"USN", "US Dollar (Next day)", 2, false},
    {"UYI", "Uruguay Peso en Unidades Indexadas (UI)", 0, false},
    {"UYU", "Peso Uruguayo", 2, false},
    {"UYW", "Unidad Previsional", 4, false},
    {"UZS", "Uzbekistan Sum", 2, false},
    {"VED", "Bolívar Soberano", 2, false},
    {"VES", "Bolívar Soberano", 2, false},
    {"VND", "Dong", 0, false},
    {"VUV", "Vatu", 0, false},
    {"WST", "Tala", 2, false},
    {"XAD", "Arab Accounting Dinar", 2, false},
    {"XAF", "CFA Franc BEAC", 0, false},
    {"XCD", "East Caribbean Dollar", 2, false},
    {"XCG", "Caribbean Guilder", 2, false},
    {"XOF", "CFA Franc BCEAO", 0, false},
    {"XPF", "CFP Franc", 0, false},
    {"YER", "Yemeni Rial", 2, false},
    {"ZAR", "Rand", 2, false},
    {"ZMW", "Zambian Kwacha", 2, false},
    {"ZWG", "Zimbabwe Gold", 2, false},
};

constexpr Currency kCryptoCurrencies[] = {
    {"AAVE", "Aave", 18, true},
    {"ADA", "Cardano", 6, true},
    {"ALGO", "Algorand", 6, true},
    {"APE", "ApeCoin", 18, true},
    {"ARB", "Arbitrum", 18, true},
    {"ATOM", "Cosmos", 6, true},
    {"AVAX", "Avalanche", 18, true},
    {"BCH", "Bitcoin Cash", 8, true},
    {"BNB", "BNB", 18, true},
    {"BSV", "Bitcoin SV", 8, true},
    {"BTC", "Bitcoin", 8, true},
    {"BUSD", "Binance USD", 18, true},
    {"DAI", "Dai", 18, true},
    {"DASH", "Dash", 8, true},
    {"DOGE", "Dogecoin", 8, true},
    {"DOT", "Polkadot", 10, true},
    {"ETC", "Ethereum Classic", 18, true},
    {"ETH", "Ether", 18, true},
    {"EURC", "EURC", 6, true},
    {"FDUSD", "First Digital USD", 18, true},
    {"FIL", "Filecoin", 18, true},
    {"GUSD", "Gemini Dollar", 2, true},
    {"LINK", "Chainlink", 18, true},
    {"LTC", "Litecoin", 8, true},
    {"MATIC", "Polygon (MATIC)", 18, true},
    {"OP", "Optimism", 18, true},
    {"PAX", "Paxos Standard", 18, true},
    {"POL", "Polygon (POL)", 18, true},
    {"PYUSD", "PayPal USD", 6, true},
    {"SHIB", "Shiba Inu", 18, true},
    {"SOL", "Solana", 9, true},
    {"TON", "Toncoin", 9, true},
    {"TRX", "TRON", 6, true},
    {"TUSD", "TrueUSD", 18, true},
    {"UNI", "Uniswap", 18, true},
    {"USDC", "USD Coin", 6, true},
    {"USDP", "Pax Dollar", 18, true},
    {"USDT", "Tether", 6, true},
    {"WBTC", "Wrapped Bitcoin", 8, true},
    {"WETH", "Wrapped Ether", 18, true},
    {"XLM", "Stellar Lumen", 7, true},
    {"XMR", "Monero", 12, true},
    {"XRP", "XRP", 6, true},
    {"XTZ", "Tezos", 6, true},
    {"ZEC", "Zcash", 8, true},
};
// clang-format on

constexpr bool code_less(const Currency& left, const Currency& right) { return left.code() < right.code(); }

constexpr auto sorted_table() {
  constexpr std::size_t kCount = std::size(kIsoCurrencies) + std::size(kCryptoCurrencies);
  return []<std::size_t... I>(std::index_sequence<I...>) {
    std::array<Currency, kCount> table{
        (I < std::size(kIsoCurrencies) ? kIsoCurrencies[I] : kCryptoCurrencies[I - std::size(kIsoCurrencies)])...};
    std::sort(table.begin(), table.end(), code_less);
    return table;
  }
  (std::make_index_sequence<kCount>());
}

constexpr auto kCurrencies = sorted_table();
static_assert(std::adjacent_find(kCurrencies.begin(), kCurrencies.end()) == kCurrencies.end(), "a code occurs twice");

constexpr std::size_t kMaxCodeLength = 8;
constexpr std::size_t kMaxSuggestions = 3;

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_code_like(std::string_view text) {
  return !text.empty() && text.size() <= kMaxCodeLength &&
         std::all_of(text.begin(), text.end(), [](char c) { return (upper(c) >= 'A' && upper(c) <= 'Z'); });
}

// True when one letter was changed, or the letters differ in case only.
bool is_near(std::string_view text, std::string_view code) {
  if (text.size() != code.size()) return false;
  std::size_t different = 0;
  for (std::size_t i = 0; i < text.size(); ++i) different += upper(text[i]) != code[i];
  return different <= 1;
}

std::string near_codes(std::string_view text) {
  std::string list;
  std::size_t count = 0;
  const auto suggest = [&](bool only_case) {
    for (const Currency& currency : kCurrencies) {
      const bool same = std::equal(text.begin(), text.end(), currency.code().begin(), currency.code().end(),
                                   [](char typed, char known) { return upper(typed) == known; });
      if (count == kMaxSuggestions || same != only_case || !is_near(text, currency.code())) continue;
      list += (count++ == 0 ? "" : ", ") + std::string(currency.code());
    }
  };
  suggest(true);
  if (count == 0) suggest(false);
  return list;
}

// Quotes the code only when it looks like one: what else comes here may be anything.
Error unknown_currency(std::string_view text) {
  if (!is_code_like(text))
    return invalid_request("currency", "not a currency code: it is three to five capital letters, such as EUR or BTC");
  std::string message = "unknown currency " + std::string(text);
  if (const std::string near = near_codes(text); !near.empty()) message += "; near it: " + near;
  return invalid_request("currency", std::move(message));
}

}  // namespace

Result<Currency> Currency::find(std::string_view code) {
  const auto found = std::lower_bound(kCurrencies.begin(), kCurrencies.end(), code,
                                      [](const Currency& known, std::string_view key) { return known.code() < key; });
  if (found == kCurrencies.end() || found->code() != code) return unknown_currency(code);
  return *found;
}

std::span<const Currency> Currency::all() { return kCurrencies; }

}  // namespace till
