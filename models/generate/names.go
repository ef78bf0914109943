package generate

import "strings"

// word is a name in its own script and as it stands in an e-mail address.
type word struct{ name, latin string }

func words(text string) []word {
	var list []word
	for _, pair := range strings.Fields(text) {
		name, latin, found := strings.Cut(pair, "|")
		if !found {
			latin = strings.ToLower(name)
		}
		list = append(list, word{name, latin})
	}
	return list
}

// people is a group of customers who write their names alike.
type people struct {
	first, last []word
	cities      []city
	country     string
	dial        string // of their phones
	digits      int    // after it
}

type city struct{ name, state, postcode string }

// The first names and cities are the most common ones.
var (
	indians = people{
		words("Priya Rahul Neha Amit Anjali Rohan Pooja Vikram Sneha Arjun Kavya Sanjay Meera Karan Divya Nikhil Asha Manish Ritu Suresh Lakshmi Deepak Farah Imran Sunita Gaurav Isha Joseph Harpreet Tanvi"),
		words("Sharma Patel Singh Kumar Gupta Rao Shah Nair Iyer Reddy Khan Das Joshi Mehta Verma Menon Chopra Kapoor Pillai Bose Kulkarni Dsouza Banerjee Malhotra Shetty Qureshi Bhatt Saxena Naidu Thomas"),
		[]city{{"Mumbai", "Maharashtra", "400001"}, {"Bengaluru", "Karnataka", "560001"}, {"Delhi", "Delhi", "110001"}, {"Pune", "Maharashtra", "411001"}, {"Chennai", "Tamil Nadu", "600001"}, {"Kochi", "Kerala", "682001"}, {"Jaipur", "Rajasthan", "302001"}, {"Guwahati", "Assam", "781001"}},
		"IN", "+91", 10,
	}
	hindi = people{
		words("प्रिया|priya अमित|amit नेहा|neha राहुल|rahul सुनीता|sunita विकास|vikas"),
		words("शर्मा|sharma वर्मा|verma गुप्ता|gupta सिंह|singh यादव|yadav"),
		[]city{{"लखनऊ", "उत्तर प्रदेश", "226001"}, {"पटना", "बिहार", "800001"}},
		"IN", "+91", 10,
	}
	tamils = people{
		words("முருகன்|murugan லட்சுமி|lakshmi கார்த்திக்|karthik மீனா|meena"), words("சுப்ரமணியன்|subramanian ராஜன்|rajan செல்வம்|selvam"),
		[]city{{"மதுரை", "தமிழ்நாடு", "625001"}, {"Coimbatore", "Tamil Nadu", "641001"}},
		"IN", "+91", 10,
	}
	urdu = people{
		words("عائشہ|ayesha عمران|imran فاطمہ|fatima سلمان|salman"), words("خان|khan قریشی|qureshi صدیقی|siddiqui"),
		[]city{{"Hyderabad", "Telangana", "500001"}, {"Srinagar", "Jammu and Kashmir", "190001"}},
		"IN", "+91", 10,
	}
	nordics = people{
		words("Anna Lars Åsa|asa Björn|bjorn Sofia Erik Maja Søren|soren Ingrid Jürgen|jurgen Elin Mikko"),
		words("Andersson Johansson Öberg|oberg Nilsson Lindström|lindstrom Hansen Groß|gross Virtanen Østergård|ostergard Müller|muller"),
		[]city{{"Stockholm", "", "111 20"}, {"Malmö", "", "211 19"}, {"Göteborg", "", "411 03"}, {"Uppsala", "", "753 20"}},
		"SE", "+46", 9,
	}
	russians = people{
		words("Иван|ivan Ольга|olga Дмитрий|dmitry Анна|anna Сергей|sergey Екатерина|ekaterina Алексей|alexey Мария|maria"),
		words("Иванов|ivanov Смирнова|smirnova Кузнецов|kuznetsov Щербакова|shcherbakova Петров|petrov Ёлкин|yolkin Соколова|sokolova"),
		[]city{{"Москва", "", "101000"}, {"Казань", "", "420000"}, {"Тверь", "", "170000"}},
		"RU", "+7", 10,
	}
	others = people{
		words("James Maria 美咲|misaki 伟|wei Fatima نور|noor דוד|david José|jose Zoë|zoe Seán|sean"),
		words("Smith García|garcia 佐藤|sato 王|wang Haddad حداد|haddad כהן|cohen O'Brien|obrien Nguyễn|nguyen Müller|mueller"),
		[]city{{"London", "", "SW1A 1AA"}, {"Berlin", "", "10115"}, {"Dubai", "", ""}, {"東京", "", "100-0001"}},
		"GB", "+44", 10,
	}
)

// product is something sold; its price is in whole units of a rupee-like currency.
type product struct {
	sku, name string
	price     int64
}

var products = []product{
	{"KUR-0417", "Handloom kurta, indigo", 1299},
	{"DUP-0032", "Block print dupatta", 795},
	{"MOJ-0110", "Leather mojari", 1490},
	{"SAR-2201", "Cotton saree, ochre", 2890},
	{"SHL-0075", "Wool shawl", 3450},
	{"CUS-0301", "Cushion cover, pair", 599},
	{"LMP-0007", "Brass table lamp", 4200},
	{"TEA-0003", "First flush tea, 100 g", 449},
	{"BAG-0912", "Canvas tote", 899},
	{"JKT-0555", "Quilted jacket", 5499},
	{"MUG-0044", "Stoneware mug", 349},
	{"RUG-1010", "Jute rug, 4 × 6", 6799},
	{"BED-0220", "Bed linen, double", 3199},
	{"INC-0001", "Incense, sandal", 149},
	{"SKT-0810", "Mirror-work skirt", 1899},
}

var companies = []string{"Öberg Inredning AB", "Menon & Sons", "ООО «Ромашка»", "Chandni Retail LLP", "Sato Trading"}

var mailHosts = []string{"mail.example", "post.example", "inbox.example", "office.example"}
