/** Different words that people use here; how often follows Zipf's law. */
const VOCABULARY = 30_000;
const syllables = 'ba co de fi gu ha je ki lo mu na pe qi ro su ta ve wi xo za'.split(' ');

/** The word of a rank: 0 is the commonest. Short ones come often, as in any language. */
export function wordOfRank(rank: number): string {
  let word = '';
  for (let left = rank + 1; left > 0; left = Math.floor((left - 1) / syllables.length)) {
    word += syllables[(left - 1) % syllables.length];
  }
  return word;
}

export const rarestRank = VOCABULARY - 1;

/** Numbers from 0 up to 1 that are the same for the same seed. */
export type Random = () => number;

/** A rank by its frequency: the nth commonest comes a nth as often as the first. */
const drawRank = (random: Random, words: number) => Math.floor(words ** random()) - 1;

/** The commonest first; Japanese is written without spaces, with what joins words between them. */
const japanese =
  '荷物 注文 倉庫 配達 東京 大阪 返品 請求書 住所 電話 担当者 確認 問題 修理 交換 商品 支払い 銀行 会社 週末'.split(
    ' ',
  );
const particles = ['の', 'が', 'を', 'に', 'と'];
/** Some with the marks of vowels, as people do not write them when they search. */
const arabic =
  'الطلبية الشحنة المخزن العنوان الفاتورة التسليم أحمد المشكلة الدفع البنك الشركة الهاتف إصلاح استبدال المنتج القاهرة الطَّلَبيّة شكرا الموعد الحساب'.split(
    ' ',
  );

/** What a desk's customers write in. */
export const languages = ['latin', 'japanese', 'arabic'] as const;
export type Language = (typeof languages)[number];

/** Words of each language that come often, as somebody searches for them. */
export const commonWords: Readonly<Record<Language, string>> = {
  latin: wordOfRank(0),
  japanese: '荷物',
  arabic: 'الطلبية',
};

function drawSentence(random: Random, words: number, language: Language): string {
  const pick = <T>(values: readonly T[]) => values[drawRank(random, values.length)] as T;
  const draw: Record<Language, () => string> = {
    latin: () => wordOfRank(drawRank(random, VOCABULARY)),
    japanese: () => pick(japanese) + pick(particles),
    arabic: () => pick(arabic),
  };
  const drawn = Array.from({ length: words }, draw[language]);
  return language === 'japanese' ? drawn.join('') : drawn.join(' ');
}

/** A text of so many words; one in five tells an order's number, which hardly any other text has. */
export function drawText(random: Random, words: number, language: Language = 'latin'): string {
  const sentence = drawSentence(random, words, language);
  const order = random() < 0.2 ? ` order ${Math.floor(random() * 10_000_000)}` : '';
  return `${sentence}${order}.`;
}
