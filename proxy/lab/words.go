package lab

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// Text is the answer of every lab-* and fault-* model to a question: so many
// words, Chinese characters when the question is Chinese. It depends on
// nothing else, so an answer that came in pieces from several models can be
// compared with it. Tokens(Text(q, n)) is n.
func Text(question string, words int) string {
	return makeText(question, words, false)
}

func makeText(question string, words int, emoji bool) string {
	rng := random("text", question)
	if isChinese(question) {
		return chineseText(rng, words, emoji)
	}
	return englishText(rng, words, emoji)
}

// random is a source of numbers that depends on the given texts only.
func random(texts ...string) *rand.Rand {
	a, b := fnv.New64a(), fnv.New64()
	for _, t := range texts {
		a.Write([]byte(t))
		a.Write([]byte{0})
		b.Write([]byte(t))
		b.Write([]byte{0})
	}
	return rand.New(rand.NewPCG(a.Sum64(), b.Sum64()))
}

func englishText(rng *rand.Rand, words int, emoji bool) string {
	bank := strings.Fields(englishWords)
	var b strings.Builder
	left := 0 // words until the sentence ends
	for i := range words {
		word := bank[rng.IntN(len(bank))]
		first := left == 0
		if first {
			left = 6 + rng.IntN(7)
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		if emoji && i%10 == 9 {
			word = emojiAt(i)
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		left--
		if left == 0 || i == words-1 {
			b.WriteByte('.')
		}
	}
	return b.String()
}

func chineseText(rng *rand.Rand, words int, emoji bool) string {
	bank := []rune(chineseRunes)
	var b strings.Builder
	left := 0
	for i := range words {
		if left == 0 {
			left = 8 + rng.IntN(8)
		}
		glyph := string(bank[rng.IntN(len(bank))])
		if emoji && i%10 == 9 {
			glyph = emojiAt(i)
		}
		b.WriteString(glyph)
		left--
		switch {
		case i == words-1 || left == 0:
			b.WriteString("。")
		case left == 5 && rng.IntN(2) == 0:
			b.WriteString("，")
		}
	}
	return b.String()
}

func emojiAt(i int) string {
	bank := []rune("😀🚀🌍🎉🐎📮🏮🌈")
	return string(bank[i/10%len(bank)])
}

const englishWords = `the a rider post house road letter horse river bridge morning evening stone
lamp window garden market harbour mountain valley forest summer winter silver copper quiet gentle
bright narrow distant early late always never often slowly swiftly carries brings sends takes finds
leaves meets crosses follows answers writes reads waits returns begins ends under over beside between
through along without before after while because although seven nine twelve hundred message seal paper
ink courier station stable gate tower wall captain merchant teacher farmer sailor weather rain snow
wind cloud star moon sun field orchard village city island coast north south east west`

const chineseRunes = `驿站马路信山河桥晨夜石灯窗园市港谷林夏冬银铜静明远早晚常来去送取寻离会过随答写读等归始终` +
	`上下旁间沿前后因虽七九百印纸墨使门塔墙商师农船天雨雪风云星月日田村城岛岸北南东西人心手足口耳目文字书画琴棋酒茶`
